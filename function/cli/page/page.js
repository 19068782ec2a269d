"use strict";
(() => {
  const form = document.querySelector("form"), table = document.querySelector("table");
  if (!form || !table) return;
  const [text, state, shown] = [form.elements.text, form.elements.state, form.querySelector("output")];
  const body = table.tBodies[0];
  const rows = [...body.rows].map(row => ({ row, text: row.textContent.toLowerCase() }));

  const filter = () => {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    let n = 0;
    for (const r of rows) {
      const fits = (!state.value || r.row.className === state.value) && words.every(w => r.text.includes(w));
      r.row.hidden = !fits;
      if (fits) n++;
    }
    shown.textContent = n + " / " + rows.length;
  };

  const value = (row, column) => row.cells[column].dataset.value ?? row.cells[column].textContent;
  const compare = new Intl.Collator(undefined, { numeric: true }).compare;
  table.tHead.addEventListener("click", event => {
    const head = event.target.closest("th");
    if (!head) return;
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    rows.sort((a, b) => (down ? -1 : 1) * compare(value(a.row, head.cellIndex), value(b.row, head.cellIndex)));
    body.append(...rows.map(r => r.row));
  });

  form.hidden = false;
  form.addEventListener("input", filter);
  form.addEventListener("submit", event => event.preventDefault());
  filter();
})();
