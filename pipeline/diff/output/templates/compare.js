(() => {
  const form = document.getElementById("filters");
  if (!form) return;
  const cards = [...document.querySelectorAll(".card")];
  const texts = cards.map((card) => fold(card.textContent));
  const shown = document.getElementById("shown");
  const nothing = document.getElementById("nothing");
  function apply() {
    const kinds = new Set([...form.querySelectorAll("input[name=kind]:checked")].map((box) => box.value));
    const section = form.elements.section.value;
    const words = fold(form.elements.words.value);
    let count = 0;
    cards.forEach((card, at) => {
      const fits = kinds.has(card.dataset.kind)
        && (!section || card.dataset.sections.split(" ").includes(section))
        && (!words || texts[at].includes(words));
      card.hidden = !fits;
      count += fits;
    });
    shown.textContent = `${count}/${cards.length}项`;
    nothing.hidden = count > 0;
  }
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("click", (event) => {
    if (event.target.dataset.open === undefined) return;
    cards.forEach((card) => { if (!card.hidden) card.open = Boolean(event.target.dataset.open); });
  });
  apply();
})();
