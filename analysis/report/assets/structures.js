// Atoms in their cell, seen from far away: spheres and edges, sorted by depth. Drag or arrow keys turn them.
const SIZE = 0.55; // of a drawn sphere, relative to the radius of its element
const PIECES = 24; // of an edge of the cell; those inside atoms are not drawn

class StructureFigure extends TurningFigure {
  constructor(figure) {
    const data = readData(figure);
    super(figure, data, data.crystals.map((crystal) => {
      const symbols = Object.entries(crystal.counts).flatMap(([symbol, n]) => Array(n).fill(symbol));
      const atoms = symbols.map((symbol, i) => ({ symbol, at: crystal.at.slice(3 * i, 3 * i + 3) }));
      return { ...crystal, atoms, axes: { names: ["a", "b", "c"], vectors: crystal.cell } };
    }), "structure that turns");
  }

  below() {
    this.legend.setAttribute("aria-label", "Elements");
    this.details = made("details", {}, made("summary", {}, "Cell and atoms"));
    this.details.addEventListener("toggle", () => this.fill());
    return [this.details];
  }

  fill() {
    if (!this.details.open) return;
    this.details.querySelectorAll(".table").forEach((old) => old.remove());
    const rows = [...this.crystal.cell.map((vector, n) => ["cell", "abc"[n], ...vector]), ...this.crystal.atoms.map((atom, n) => ["atom", `${n + 1} ${atom.symbol}`, ...atom.at])];
    const body = made("tbody", {}, ...rows.map((row) => made("tr", {}, ...row.map((cell, n) => made("td", n > 1 ? { class: "number" } : {}, n > 1 ? cell.toFixed(3) : cell)))));
    const heads = ["what", "which", "x / \u00c5", "y / \u00c5", "z / \u00c5"];
    const table = made("table", {}, made("caption", {}, this.crystal.name), made("thead", {}, made("tr", {}, ...heads.map((head) => made("th", { scope: "col" }, head)))), body);
    this.details.append(made("div", { class: "table" }, made("div", { class: "scroller", tabindex: "0", role: "region", "aria-label": `Cell and atoms of ${this.crystal.name}` }, table)));
    enhanceTable(table);
  }

  choose(n) {
    this.crystal = this.things[n];
    this.axes = this.crystal.axes;
    const { cell, counts } = this.crystal;
    const corners = [];
    for (let i = 0; i < 8; i += 1) corners.push([0, 1, 2].map((k) => [0, 1, 2].reduce((sum, v) => sum + ((i >> v) & 1) * cell[v][k], 0)));
    this.corners = corners;
    this.middle = [0, 1, 2].map((k) => corners.reduce((sum, corner) => sum + corner[k], 0) / 8);
    const reach = (at) => Math.hypot(at[0] - this.middle[0], at[1] - this.middle[1], at[2] - this.middle[2]);
    this.radius = Math.max(...corners.map(reach), ...this.crystal.atoms.map((atom) => reach(atom.at) + 1));
    const lengths = cell.map((vector) => Math.hypot(...vector).toFixed(2)).join(", ");
    const told = Object.entries(counts).map(([symbol, count]) => `${count} ${symbol}`).join(", ");
    this.canvas.setAttribute("aria-label", `${this.crystal.name}: ${told} drawn in a cell of ${lengths} \u00c5.`);
    this.legend.replaceChildren(...Object.keys(counts).map((symbol) => made("li", {}, dotOf(this.data.elements[symbol][0]), symbol)));
    this.reset();
    this.fill();
  }

  seen(at) {
    const d = at.map((x, k) => x - this.middle[k]);
    return this.rotation.map((row) => row[0] * d[0] + row[1] * d[1] + row[2] * d[2]);
  }

  draw() {
    const { pen, per, at, height, ink, paper } = this.sheet();
    const balls = this.crystal.atoms.map((atom) => ({ p: this.seen(atom.at), look: this.data.elements[atom.symbol] }));
    const parts = balls.map((ball) => ({ depth: ball.p[2], ...ball }));
    for (let i = 0; i < 8; i += 1) {
      for (let v = 0; v < 3; v += 1) {
        if ((i >> v) & 1) continue;
        const from = this.seen(this.corners[i]), to = this.seen(this.corners[i | (1 << v)]);
        for (let n = 0; n < PIECES; n += 1) {
          const ends = [n / PIECES, (n + 1) / PIECES].map((t) => from.map((x, k) => x + t * (to[k] - x)));
          const middle = ends[0].map((x, k) => (x + ends[1][k]) / 2);
          if (!balls.some((ball) => Math.hypot(...ball.p.map((x, k) => x - middle[k])) < SIZE * ball.look[1])) parts.push({ depth: middle[2], ends });
        }
      }
    }
    parts.sort((one, other) => one.depth - other.depth);
    for (const part of parts) {
      const fade = Math.max(0, Math.min(0.45, 0.22 - (0.23 * part.depth) / this.radius));
      if (part.ends) {
        pen.globalAlpha = 1 - fade;
        pen.strokeStyle = ink;
        pen.lineWidth = 1.2;
        pen.beginPath();
        pen.moveTo(...at(part.ends[0]));
        pen.lineTo(...at(part.ends[1]));
        pen.stroke();
        continue;
      }
      const [x, y] = at(part.p), r = SIZE * part.look[1] * per;
      pen.globalAlpha = 1;
      const shade = pen.createRadialGradient(x - 0.35 * r, y - 0.4 * r, 0.1 * r, x, y, r);
      shade.addColorStop(0, "#ffffff");
      shade.addColorStop(0.35, part.look[0]);
      shade.addColorStop(1, part.look[0]);
      pen.fillStyle = shade;
      pen.beginPath();
      pen.arc(x, y, r, 0, 2 * Math.PI);
      pen.fill();
      pen.globalAlpha = fade;
      pen.fillStyle = paper;
      pen.fill();
      pen.globalAlpha = 1;
      pen.strokeStyle = "#333";
      pen.lineWidth = 0.7;
      pen.stroke();
    }
    pen.globalAlpha = 1;
    this.drawAxes(pen, height, ink);
  }
}
