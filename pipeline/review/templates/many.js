"use strict";
// Several findings of the document accepted at once, and running again.
X.selected = new Set();

X.toggleSelected = (finding) => {
  if (X.fixed || !finding || finding.status !== "open") return;
  if (finding.queue === "reading") return X.say("“可能读错”的发现须逐项决定，不能成批接受。", true);
  if (!X.selected.delete(finding.id)) X.selected.add(finding.id);
  X.markList();
};

// The findings selected, or (none is) all open ones of the kind of the chosen one.
X.acceptMany = () => {
  if (X.fixed) return;
  let wanted = X.state.findings.filter((one) => X.selected.has(one.id) && one.status === "open");
  let title = `接受选中的${wanted.length}项`;
  if (!wanted.length) {
    const finding = X.finding;
    if (!finding) return;
    if (finding.queue === "reading") return X.say("“可能读错”的发现须逐项决定，不能成批接受。", true);
    wanted = X.state.findings.filter((one) => one.code === finding.code && one.queue === "document" && one.status === "open");
    title = `接受“${(X.state.codes[finding.code] || [finding.code])[0]}”一类的全部${wanted.length}项`;
  }
  if (!wanted.length) return X.say("没有未决的发现可以接受。", true);
  const why = X.el("input", { id: "many-why", maxlength: 400, required: true, autocomplete: "off" });
  why.value = X.remember("why:" + wanted[0].code) || "原文如此";
  const rows = wanted.reduce((sum, one) => sum + one.rows, 0);
  const form = X.el(
    "form",
    { class: "decide" },
    X.field("理由", why),
    X.el("div", { class: "three" }, X.el("button", { class: "main", id: "many-write" }, `接受${wanted.length}项（涉及${rows}行）`), X.el("button", { type: "button", onclick: () => X.$("dialog").close() }, "放弃")),
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    X.$("dialog").close();
    X.selected.clear();
    await X.decided("/api/accept", { findings: wanted.map((one) => one.id), why: why.value.trim() });
  });
  const shown = wanted.slice(0, 100).map((one) => X.el("li", {}, `${X.place(one)} ${one.message}`));
  const more = wanted.length > shown.length ? [X.el("li", {}, `另有${wanted.length - shown.length}项`)] : [];
  X.openDialog(title, form, X.el("ol", { class: "names" }, ...shown, ...more));
  why.focus();
};

X.openDialog = (title, ...parts) => {
  X.$("dialog").replaceChildren(X.el("h2", {}, title), ...parts);
  if (!X.$("dialog").open) X.$("dialog").showModal();
};

// Running again: first without publishing; what publishing would change is shown before it is asked for.
X.run = () => {
  const news = X.state.waiting ? `有${X.state.waiting}项更正还没有进入数据。` : "上次运行以后没有新的更正。";
  X.openDialog(
    "重新运行",
    X.el("p", {}, news + "先按现在的更正与接受试运行，不发布；列出发布会改变什么，看过之后再决定。"),
    X.el("div", { class: "three" }, X.el("button", { class: "main", id: "run-try", onclick: () => X.follow(false) }, "试运行（不发布）"), X.el("button", { onclick: () => X.$("dialog").close() }, "取消")),
  );
};

X.follow = async (publish) => {
  const button = X.$("run");
  X.$("dialog").close();
  try {
    await X.sent;
    let status = await X.post("/api/run", { publish });
    button.disabled = true;
    while (status.status === "running") {
      const share = status.share ? ` ${Math.round(status.share * 100)}%` : "";
      button.textContent = `${status.words}${share}…`;
      await new Promise((resolve) => setTimeout(resolve, 400));
      status = await X.get("/api/run");
    }
    for (const kept of [X.pages, X.behind, X.images, X.linesOf]) kept.clear();
    X.row = X.named = null;
    await X.refresh();
    if (X.page) await X.goPage(X.page.n);
    X.showDetail();
    X.say(status.words, status.status === "failed");
    if (status.status === "tried") X.offer(status);
  } catch (failure) {
    X.say(failure.message, true);
  } finally {
    button.disabled = false;
    X.showHead();
  }
};

X.offer = (status) => {
  const changes = Object.entries(status.changes).map(([name, kinds]) =>
    X.el("li", {}, X.el("b", {}, `与${name}相比：`), kinds.map(([kind, count]) => `${kind}${count}处`).join("，") || "印出的文字没有变化"),
  );
  const rows = status.rows.map(([title, added, removed, changed]) => `${title}增${added}减${removed}改${changed}`).join("，");
  const open = Object.entries(X.queues).map(([queue, label]) => `${label}${status.queues[queue] || 0}项`).join("，");
  const errors = status.errors ? `有${status.errors}个错误，不能发布。` : "";
  X.openDialog(
    "试运行的结果",
    X.el("p", {}, changes.length ? "发布后将有这些变化：" : "这是第一次发布，没有可以比较的版本。"),
    X.el("ul", { class: "names" }, ...changes),
    rows && X.el("p", {}, `各表的行与当前发布相比：${rows}。`),
    X.el("p", {}, `${errors}仍未决：${open}。`),
    X.el("div", { class: "three" }, X.el("button", { id: "run-publish", class: "main", disabled: Boolean(status.errors), onclick: () => X.follow(true) }, "发布"), X.el("button", { id: "run-not", onclick: () => X.$("dialog").close() }, "不发布，继续核对")),
  );
};
