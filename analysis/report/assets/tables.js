// Tables that sort by any column, filter by words and are saved as CSV.
const FEW = 5;

function cellValue(row, n) {
  const cell = row.cells[n];
  const number = cell.dataset.value ?? (cell.classList.contains("number") ? cell.textContent.replace("\u2212", "-") : "");
  return number !== "" && Number.isFinite(Number(number)) ? Number(number) : cell.textContent;
}

// empty cells stay last, numbers come before words
function before(a, b, down) {
  if (a === "" || b === "") return (a === "") - (b === "");
  if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
  const order = typeof a === "number" ? a - b : a.localeCompare(b, "en", { numeric: true });
  return down ? -order : order;
}

function csvCell(text, isNumber) {
  // a spreadsheet runs text that begins like a formula; an apostrophe keeps it text
  const inert = !isNumber && /^[=+\-@\t\r\u2212]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}

function csvOf(table) {
  const heads = [...table.tHead.rows[0].cells].map((cell) => csvCell(cell.textContent, false));
  const rows = [...table.tBodies[0].rows].filter((row) => !row.hidden).map((row) => [...row.cells].map((cell) => {
    const isNumber = cell.classList.contains("number");
    return csvCell(isNumber ? cell.dataset.value ?? cell.textContent.replace("\u2212", "-") : cell.textContent, isNumber && Number.isFinite(Number(cell.dataset.value ?? cell.textContent.replace("\u2212", "-"))));
  }));
  return [heads, ...rows].map((row) => row.join(",")).join("\r\n") + "\r\n";
}

function saveCsv(table) {
  const link = made("a", { download: `${table.caption.textContent.replace(/[^A-Za-z0-9]+/g, "-").slice(0, 60)}.csv` });
  link.href = URL.createObjectURL(new Blob([csvOf(table)], { type: "text/csv" }));
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

function enhanceTable(table) {
  const body = table.tBodies[0], heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, n) => {
    const button = made("button", { type: "button" }, ...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...body.rows].map((row) => [cellValue(row, n), row]);
      rows.sort((one, other) => before(one[0], other[0], down));
      body.append(...rows.map((pair) => pair[1]));
    });
  });
  const total = body.rows.length, name = table.caption.textContent;
  const controls = made("div", { class: "controls" });
  const counted = made("span", { class: "count", role: "status" }, `${total} rows`);
  if (total > FEW) {
    const field = made("input", { type: "search", placeholder: "Filter rows", "aria-label": `Filter rows of: ${name}`, autocomplete: "off", spellcheck: "false" });
    field.addEventListener("input", () => {
      const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
      let left = 0;
      for (const row of body.rows) {
        const content = [...row.cells].map((cell) => cell.textContent).join(" ").toLowerCase();
        row.hidden = !words.every((word) => content.includes(word));
        left += row.hidden ? 0 : 1;
      }
      counted.textContent = words.length ? `${left} of ${total} rows` : `${total} rows`;
    });
    controls.append(field, counted);
  }
  const save = made("button", { type: "button", "aria-label": `Save as CSV: ${name}` }, "Save CSV");
  save.addEventListener("click", () => saveCsv(table));
  controls.append(save);
  table.closest(".table").prepend(controls);
}
