// What became of a certificate: rows of names, a column per edition.

const MOST = 100;

function follow(data) {
  const q = document.getElementById("q");
  const keys = data.lives.map((life) => squeeze(life.slice(0, 4).join("\n")));

  function show() {
    const words = q.value.split(/\s+/).map(squeeze).filter(Boolean);
    const found = words.length ? data.lives.filter((_, at) => words.every((word) => keys[at].includes(word))) : [];
    const places = new Set(found.map((life) => life[0]));
    const editions = data.editions.filter((edition) => places.has(edition[1]));
    const cell = (title, text, className = "") => {
      const made = make("td", { className }, make("div", {}, text));
      made.dataset.title = title;
      return made;
    };
    const rows = found.slice(0, MOST).map(([place, title, kind, name, stands]) => {
      const own = editions.map(([edition, jurisdiction]) => {
        if (jurisdiction !== place) return cell(edition, "");
        return edition in stands ? cell(edition, stands[edition].join("\n")) : cell(edition, "未列", "quiet");
      });
      return make("tr", {}, cell("专业类", title), cell("名称", name), cell("证书类别", kind), ...own);
    });
    const titles = ["专业类", "名称", "证书类别", ...editions.map((edition) => edition[0])];
    document.getElementById("head").replaceChildren(found.length ? make("tr", {}, ...titles.map((title) => make("th", { scope: "col" }, title))) : "");
    document.getElementById("lives").replaceChildren(...rows);
    const rest = found.length > MOST ? `，只显示前${MOST}个，请补充条件` : "";
    document.getElementById("count").textContent = words.length ? `${found.length}个名称${rest}` : "";
  }

  q.oninput = () => { history.replaceState(null, "", "#" + encodeURIComponent(q.value)); show(); };
  const fromAddress = () => {
    try { q.value = decodeURIComponent(location.hash.slice(1)); } catch { q.value = ""; } // an address that was cut off
    show();
  };
  addEventListener("hashchange", fromAddress);
  fromAddress();
  document.body.dataset.ready = "1";
}

unpack("data").then(follow);
