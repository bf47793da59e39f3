"use strict";
for (const grid of document.querySelectorAll(".grid")) {
  const body = grid.querySelector("tbody");
  const rows = [...body.rows];
  const search = grid.querySelector("input");
  const selects = [...grid.querySelectorAll("select")];
  const count = grid.querySelector("output");
  const heads = [...grid.querySelectorAll("th")];
  const value = (row, place) => row.cells[place].dataset.value;
  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      const chosen = selects.every((one) => !one.selectedIndex || value(row, one.dataset.column) === one.value);
      row.hidden = !(chosen && words.every((word) => text.includes(word)));
      shown += row.hidden ? 0 : 1;
    }
    count.textContent = `${shown} of ${rows.length} rows`;
  };
  const sort = (place) => {
    const down = heads[place].getAttribute("aria-sort") === "ascending";
    const numeric = heads[place].classList.contains("number");
    heads.forEach((head) => head.removeAttribute("aria-sort"));
    heads[place].setAttribute("aria-sort", down ? "descending" : "ascending");
    rows.sort((left, right) => {
      const [a, b] = [value(left, place), value(right, place)];
      // What has no value comes last, whichever way.
      if (a === "" || b === "") return (a === "") - (b === "");
      const order = numeric ? a - b : a.localeCompare(b, "en");
      return down ? -order : order;
    });
    body.append(...rows);
  };
  search.addEventListener("input", filter);
  selects.forEach((one) => one.addEventListener("change", filter));
  heads.forEach((head, place) => head.querySelector("button").addEventListener("click", () => sort(place)));
  // A browser may keep what was typed before the page was loaded again.
  filter();
}
for (const curves of document.querySelectorAll(".curves")) {
  const figures = JSON.parse(curves.querySelector("script").textContent);
  const select = curves.querySelector("select");
  const plot = curves.querySelector(".plot");
  const config = { responsive: true, displaylogo: false, modeBarButtons: [["zoom2d", "pan2d", "resetScale2d"]] };
  const draw = () => {
    const { data, layout } = figures[select.value];
    // On a narrow page each name takes a line of its own below the picture.
    const names = data.filter((one) => one.showlegend !== false).length;
    const height = layout.height + (plot.clientWidth < 600 ? 20 * names : 40);
    Plotly.react(plot, data, { ...layout, height }, config);
  };
  curves.querySelector("[role=status]").remove();
  select.addEventListener("change", draw);
  draw();
}
