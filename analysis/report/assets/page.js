// What belongs to the whole page: every figure and table comes alive, and the theme changes by a button.
function themeButton(structures) {
  const root = document.documentElement, system = matchMedia("(prefers-color-scheme: dark)");
  const dark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const button = made("button", { type: "button" });
  const label = () => { button.textContent = dark() ? "Light" : "Dark"; button.setAttribute("aria-label", dark() ? "Light colours" : "Dark colours"); };
  button.addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    label();
    structures.forEach((figure) => figure.draw());
  });
  system.addEventListener("change", label);
  label();
  document.querySelector("nav ul").append(made("li", {}, button));
}

{
  for (const table of document.querySelectorAll("main .table table")) enhanceTable(table);
  for (const figure of document.querySelectorAll("figure.chart")) new ChartFigure(figure);
  const structures = [
    ...[...document.querySelectorAll("figure.viewer")].map((figure) => new StructureFigure(figure)),
    ...[...document.querySelectorAll("figure.bodies")].map((figure) => new BodyFigure(figure)),
  ];
  themeButton(structures);
  const opened = [];
  addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("section > details:not([open])")) { details.open = true; opened.push(details); }
    structures.forEach((figure) => figure.draw());
  });
  addEventListener("afterprint", () => {
    opened.splice(0).forEach((details) => { details.open = false; });
    structures.forEach((figure) => figure.draw());
  });
}
