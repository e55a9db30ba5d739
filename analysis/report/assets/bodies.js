// Closed surfaces that turn: the shape of a crystal, its faces coloured by plane, or a quantity over all directions.
const SCALE = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]]; // viridis

function onScale(share) {
  const at = Math.max(0, Math.min(1, share)) * (SCALE.length - 1), low = Math.min(SCALE.length - 2, Math.floor(at));
  return SCALE[low].map((part, k) => part + (at - low) * (SCALE[low + 1][k] - part));
}

function inside([x, y], corners) {
  let within = false;
  corners.forEach(([x1, y1], i) => {
    const [x0, y0] = corners[(i + corners.length - 1) % corners.length];
    if (y0 > y !== y1 > y && x < x0 + ((y - y0) / (y1 - y0)) * (x1 - x0)) within = !within;
  });
  return within;
}

class BodyFigure extends TurningFigure {
  constructor(figure) {
    const data = readData(figure);
    super(figure, data, data.bodies.map((body) => ({
      ...body, corners: Array.from({ length: body.at.length / 3 }, (_, i) => body.at.slice(3 * i, 3 * i + 3)),
    })), "body that turns");
  }

  below() {
    this.legend.setAttribute("aria-label", "Colours");
    this.readout = made("p", { class: "readout", role: "status" });
    return [this.readout];
  }

  choose(n) {
    const body = this.things[n];
    this.body = body;
    this.axes = body.axes;
    this.radius = Math.max(...body.corners.map((at) => Math.hypot(...at))) * 1.06;
    this.low = Math.min(...(body.values || [0]));
    this.high = Math.max(...(body.values || [1]));
    const colours = body.parts ? body.parts.join("; ") : `${numberText(this.low)} to ${numberText(this.high)} ${body.unit}`;
    this.canvas.setAttribute("aria-label", `${body.name}: ${colours}.`);
    this.readout.textContent = "";
    this.reset();
  }

  colour(face) {
    if (this.body.values) return onScale((this.body.values[face] - this.low) / (this.high - this.low || 1));
    const name = getComputedStyle(this.canvas).getPropertyValue(`--s${this.body.part[face] % 6}`).trim();
    return [1, 3, 5].map((i) => parseInt(name.slice(i, i + 2), 16));
  }

  words(face) {
    const { said, values, faces, corners } = this.body;
    if (said) return said[face];
    const middle = unit(faces[face].reduce((sum, corner) => sum.map((x, k) => x + corners[corner][k]), [0, 0, 0]));
    return `${numberText(values[face].toPrecision(3))} ${this.body.unit} along (${middle.map((x) => x.toFixed(2).replace("-", "\u2212")).join(", ")})`;
  }

  key() {
    const dot = (rgb) => drawn("svg", { width: 14, height: 14, "aria-hidden": "true" }, drawn("rect", { x: 1, y: 1, width: 12, height: 12, rx: 2, fill: `rgb(${rgb.map(Math.round)})` }));
    if (this.body.values) {
      const stops = [0, 0.25, 0.5, 0.75, 1];
      this.legend.replaceChildren(...stops.map((share) => made("li", {}, dot(onScale(share)), `${numberText((this.low + share * (this.high - this.low)).toPrecision(3))}${share === 1 ? ` ${this.body.unit}` : ""}`)));
      return;
    }
    const parts = this.body.parts.map((part, n) => ({ part, face: this.body.part.indexOf(n) }));
    this.legend.replaceChildren(...parts.filter(({ face }) => face >= 0).map(({ part, face }) => made("li", {}, dot(this.colour(face)), part)));
  }

  draw() {
    const { pen, at, height, ink } = this.sheet();
    const light = unit([-0.35, 0.5, 1]);
    const seen = this.body.corners.map((p) => this.rotation.map((row) => row[0] * p[0] + row[1] * p[1] + row[2] * p[2]));
    this.faces = [];
    this.body.faces.forEach((face, n) => {
      const p = face.map((corner) => seen[corner]);
      const middle = [0, 1, 2].map((k) => p.reduce((sum, q) => sum + q[k], 0) / p.length);
      // Newell's normal: right for any polygon, also where two corners fall together
      const normal = [0, 0, 0];
      p.forEach((q, i) => {
        const r = p[(i + 1) % p.length];
        normal[0] += (q[1] - r[1]) * (q[2] + r[2]);
        normal[1] += (q[2] - r[2]) * (q[0] + r[0]);
        normal[2] += (q[0] - r[0]) * (q[1] + r[1]);
      });
      if (normal[2] <= 0) return; // seen from behind
      const bright = 0.62 + 0.38 * Math.max(0, unit(normal).reduce((sum, x, k) => sum + x * light[k], 0));
      this.faces.push({ n, depth: middle[2], bright, corners: p.map(at) });
    });
    this.faces.sort((one, other) => one.depth - other.depth);
    for (const face of this.faces) {
      const fill = `rgb(${this.colour(face.n).map((part) => Math.round(part * face.bright))})`;
      pen.beginPath();
      face.corners.forEach((corner, i) => (i ? pen.lineTo(...corner) : pen.moveTo(...corner)));
      pen.closePath();
      pen.fillStyle = fill;
      pen.fill();
      pen.strokeStyle = this.body.values ? fill : "#111";
      pen.lineWidth = this.body.values ? 0.8 : 1.2;
      pen.lineJoin = "round";
      pen.stroke();
    }
    this.drawAxes(pen, height, ink);
    this.key();
  }

  listen() {
    super.listen();
    const point = (event) => {
      const place = this.canvas.getBoundingClientRect();
      const here = [event.clientX - place.left, event.clientY - place.top];
      const face = this.faces.findLast((one) => inside(here, one.corners));
      this.readout.textContent = face ? this.words(face.n) : "";
    };
    this.canvas.addEventListener("pointermove", (event) => { if (!event.buttons) point(event); });
    this.canvas.addEventListener("pointerup", point);
  }
}
