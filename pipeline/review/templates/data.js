"use strict";
// Where the page's data come from: the server, or (a read-only site) scripts that lie beside the page.
const X = {
  fixed: document.documentElement.dataset.static === "1",
  state: null,
  page: null, // the page shown
  finding: null, // the finding chosen
  cell: null, // the id of the cell chosen
  row: null, // the row chosen
  pages: new Map(),
  behind: new Map(),
};

X.$ = (id) => document.getElementById(id);

// An element with attributes, listeners (on…) and children; texts are never read as markup.
X.el = (tag, attributes, ...children) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "class") made.className = value;
    else if (name in made && typeof value === "boolean") made[name] = value;
    else if (value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter((one) => one !== null && one !== undefined && one !== ""));
  return made;
};

X.svg = (tag, attributes) => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes || {})) made.setAttribute(name, value);
  return made;
};

X.severities = { error: "错误", warning: "警告", info: "提示" };
X.queues = { reading: "可能读错", document: "原文如此" };
X.statuses = { open: "未决", accepted: "已接受", corrected: "已更正" };

// This tab's name: what is decided here can be taken back here only. A reload keeps it, a copy of the tab gets its own.
X.tab = (() => {
  const made = Array.from(crypto.getRandomValues(new Uint32Array(4)), (one) => one.toString(36)).join("");
  try {
    const [arrival] = performance.getEntriesByType("navigation");
    const known = arrival && arrival.type === "reload" && sessionStorage.getItem("xize:tab");
    if (!known) sessionStorage.setItem("xize:tab", made);
    return known || made;
  } catch (failure) {
    return made; // a browser that keeps nothing
  }
})();

X.request = async (method, path, body) => {
  const options = { method, headers: { "X-Xize-Tab": X.tab } };
  if (method === "POST") {
    options.headers["Content-Type"] = "application/json";
    options.headers["X-Xize-CSRF"] = document.querySelector("meta[name=csrf]").content;
    options.body = JSON.stringify(body || {});
  }
  let response;
  try {
    response = await fetch(path, options);
  } catch (failure) {
    throw new Error("审阅服务已经停止：请重新运行“xize review”。");
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.problem || "请求没有成功：请重新载入本页。");
  return answer;
};
X.get = (path) => X.request("GET", path);
X.post = (path, body) => X.request("POST", path, { ...body, by: X.$("by").value.trim() });

X.script = (name, source) =>
  new Promise((resolve, reject) => {
    if (window.XIZE && name in window.XIZE) return resolve(window.XIZE[name]);
    document.head.append(
      X.el("script", {
        src: source,
        onload: () => resolve(window.XIZE[name]),
        onerror: () => reject(new Error("缺少文件" + source + "：请重新生成本站。")),
      }),
    );
  });

X.loadState = async () => (X.fixed ? window.XIZE.state : X.get("/api/state"));

// A page's data, kept once they are there.
X.loadPage = (number) => {
  if (!X.pages.has(number)) {
    const file = "data/page-" + String(number).padStart(5, "0") + ".js";
    const wanted = X.fixed ? X.script("page" + number, file) : X.get("/api/page/" + number);
    wanted.catch(() => X.pages.delete(number));
    X.pages.set(number, wanted);
  }
  return X.pages.get(number);
};

X.picture = (number) =>
  X.fixed
    ? "pictures/" + String(number).padStart(5, "0") + ".webp"
    : "/picture/" + number + "?v=" + encodeURIComponent(X.state.picture);

// The pictures of the pages last shown and next to be: the same element again needs no loading.
X.images = new Map();
X.image = (number) => {
  if (!X.images.has(number)) {
    const made = X.el("img", { src: X.picture(number), alt: "" });
    made.addEventListener("error", () => X.images.delete(number));
    X.images.set(number, made);
    if (X.images.size > 16) X.images.delete(X.images.keys().next().value);
  }
  return X.images.get(number);
};

X.loadBehind = (id) => {
  if (X.fixed) return Promise.resolve(window.XIZE.findings[id]);
  if (!X.behind.has(id)) X.behind.set(id, X.get("/api/finding/" + id));
  return X.behind.get(id);
};

X.remember = (name, value) => {
  try {
    if (value === undefined) return localStorage.getItem("xize:" + name) || "";
    localStorage.setItem("xize:" + name, value);
  } catch (failure) {
    return ""; // a browser that keeps nothing: nothing is remembered
  }
  return value;
};

let fading = 0;
X.say = (words, bad) => {
  const toast = X.$("toast");
  toast.textContent = words;
  toast.className = bad ? "bad" : "";
  toast.hidden = false;
  clearTimeout(fading);
  fading = setTimeout(() => (toast.hidden = true), bad ? 9000 : 3500);
};
