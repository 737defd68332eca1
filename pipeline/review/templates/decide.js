"use strict";
// Decisions: accepting, sending them off, taking back, marking.
X.field = (label, ...inputs) => X.el("label", { class: "pair" }, X.el("span", {}, label), X.el("div", {}, ...inputs));

X.closeForm = () => X.$("form") && X.$("form").replaceChildren();

X.openForm = (form) => {
  X.$("form").replaceChildren(form);
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") X.closeForm();
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  form.scrollIntoView({ block: "nearest" });
};

// Whether the chosen finding stands there with its picture: nothing is decided before.
X.seen = () => {
  const seen = Boolean(X.finding) && X.$("detail").dataset.shown === X.finding.id;
  if (X.finding && !seen) X.say("原文还没有显示出来，请稍候再按。", true);
  return seen || !X.finding;
};

X.markSeen = (complete) => {
  const finding = X.finding;
  X.complete = complete || X.complete;
  if (!finding || !X.complete) return;
  if (X.pictured() && finding.page !== null && X.$("sheet").dataset.shown !== String(finding.page)) return;
  X.$("detail").dataset.shown = finding.id;
};

X.reasons = new Map(); // kind → the reason given for it since the page was opened
const USUAL_REASONS = ["对照原文，读取无误", "原文如此", "原文有误，待发布机关勘误"];

X.accept = () => {
  const finding = X.finding;
  if (X.fixed || !finding || finding.status !== "open" || !X.seen()) return;
  const send = (why) => {
    X.reasons.set(finding.code, why);
    X.remember("why:" + finding.code, why);
    X.decide("/api/accept", { finding: finding.id, why }, "accepted");
  };
  if (X.reasons.has(finding.code)) return send(X.reasons.get(finding.code));
  const why = X.el("input", { id: "why", maxlength: 400, required: true, autocomplete: "off" });
  why.value = X.remember("why:" + finding.code) || USUAL_REASONS[finding.queue === "reading" ? 0 : 1];
  const form = X.el(
    "form",
    { class: "decide" },
    X.field("理由", why),
    X.el(
      "div",
      { class: "buttons" },
      X.el("button", { class: "main", id: "accept-write" }, "接受 (Enter)"),
      ...USUAL_REASONS.map((words, at) => X.el("button", { type: "button", onclick: () => send(words) }, `${words} (${at + 1})`)),
      X.el("button", { type: "button", onclick: X.closeForm }, "放弃"),
    ),
    X.el("div", { class: "small" }, "本次打开期间，同类发现按 a 即以此理由接受；改理由按 Shift+R。"),
  );
  why.addEventListener("keydown", (event) => {
    const whole = why.selectionStart === 0 && why.selectionEnd === why.value.length;
    const words = whole && USUAL_REASONS[Number(event.key) - 1];
    if (!words) return;
    event.preventDefault();
    event.stopPropagation();
    send(words);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(why.value.trim());
  });
  X.openForm(form);
  why.focus();
  why.select();
};

// Decisions that need no answer first: the next finding comes at once, they are sent one after the other behind it.
X.sent = Promise.resolve();
X.waiting = 0;
X.decide = (path, body, status) => {
  const finding = X.finding;
  if (body.entry) X.linesOf.clear();
  if (!finding || (body.entry && !body.entry.finding)) return X.decided(path, body);
  const next = X.after(new Set([finding.id]));
  finding.status = status;
  X.filter();
  if (next) X.chooseFinding(next);
  else X.showDetail();
  document.body.dataset.waiting = ++X.waiting;
  X.sent = X.sent
    .then(() => X.post(path, body))
    .then((answer) => X.took(answer))
    .catch(async (failure) => {
      await X.refresh().catch(() => null); // somebody else may have decided it
      X.say(`${X.place(finding)}的一项没有写入：${failure.message}`, true);
    })
    .finally(() => (document.body.dataset.waiting = --X.waiting));
  return X.sent;
};
window.addEventListener("beforeunload", (event) => X.waiting && event.preventDefault());

// What a decision came to.
X.took = (answer) => {
  for (const finding of X.state.findings) Object.assign(finding, answer.now[finding.id] || {});
  Object.assign(X.state, { undo: answer.undo, waiting: answer.waiting });
  X.showHead();
  X.filter();
  X.say(answer.words);
};

// Decisions of a form: it stays open where they are refused.
X.decided = async (path, body, then) => {
  try {
    await X.sent;
    const next = X.finding && X.after(new Set(body.findings || [body.finding || (body.entry && body.entry.finding)]));
    const answer = await X.post(path, body);
    if (then) then();
    X.linesOf.clear();
    X.took(answer);
    const settled = X.finding && (answer.now[X.finding.id] || {}).status;
    if (next && settled && settled !== "open") await X.chooseFinding(next);
    else X.showDetail();
  } catch (failure) {
    await X.refresh().catch(() => null); // somebody else may have decided it
    X.say(failure.message, true);
  }
};

X.undo = async () => {
  if (X.fixed) return;
  try {
    await X.sent;
    const answer = await X.post("/api/undo");
    X.linesOf.clear();
    await X.refresh();
    const finding = X.state.findings.find((one) => one.id === answer.finding);
    if (finding) await X.chooseFinding(finding);
    else X.showDetail();
    X.say(answer.words);
  } catch (failure) {
    X.say(failure.message, true);
  }
};

X.toggleReviewed = async () => {
  const finding = X.finding;
  if (X.fixed || !finding) return;
  try {
    const wasNew = !finding.reviewed;
    const next = X.after(new Set([finding.id]));
    await X.sent;
    await X.post("/api/reviewed", { finding: finding.id, reviewed: wasNew });
    await X.refresh();
    if (wasNew && next) X.chooseFinding(next);
    else X.showDetail();
  } catch (failure) {
    X.say(failure.message, true);
  }
};

X.togglePage = async () => {
  if (X.fixed || !X.page) return;
  const now = X.state.pages[X.page.n - 1].reviewed;
  try {
    await X.post("/api/reviewed", { page: X.page.n, reviewed: !now });
    await X.refresh();
  } catch (failure) {
    X.say(failure.message, true);
  }
};
