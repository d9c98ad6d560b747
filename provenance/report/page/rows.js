// A list of any length, of which only the rows in sight are elements.

class Rows {
  /** make(place) returns the element of a row; all rows are equally high, in CSS pixels. */
  constructor({ label, rowHeight, height, make, choose, role = "listbox", rowRole = "option" }) {
    Object.assign(this, { rowHeight, make, choose, rowRole, count: 0, current: -1 });
    this.space = el("div", { class: "rows-space" });
    this.element = el("div", { class: "rows", tabindex: "0", role, "aria-label": label }, this.space);
    this.element.style.height = `${height}px`;
    this.mostHeight = height;
    this.draw = onceAFrame(() => this.drawNow());
    this.element.addEventListener("scroll", this.draw, { passive: true });
    this.element.addEventListener("keydown", (event) => this.key(event));
    this.element.addEventListener("click", (event) => this.click(event));
    new ResizeObserver(this.draw).observe(this.element);
    ALL_ROWS.push(this);
  }

  /** Show so many rows from now on. */
  show(count) {
    this.count = count;
    this.current = Math.min(this.current, count - 1);
    // Browsers have a greatest height of an element; what is beyond moves faster than the scroll bar.
    this.whole = Math.min(count * this.rowHeight, 15e6);
    this.space.style.height = `${this.whole}px`;
    this.element.style.height = `${Math.max(Math.min(this.whole, this.mostHeight), this.rowHeight) + 2}px`;
    this.drawNow();
  }

  get scale() {
    const beyond = this.whole - this.element.clientHeight;
    return beyond > 0 ? (this.count * this.rowHeight - this.element.clientHeight) / beyond : 1;
  }

  drawNow() {
    const height = this.everything ? this.whole : this.element.clientHeight;
    const top = this.everything ? 0 : this.element.scrollTop * this.scale;
    const first = Math.max(Math.floor(top / this.rowHeight) - 4, 0);
    const last = Math.min(Math.ceil((top + height) / this.rowHeight) + 4, this.count);
    const rows = [];
    for (let place = first; place < last; place += 1) rows.push(this.row(place, top));
    this.space.replaceChildren(...rows);
  }

  row(place, top) {
    const row = this.make(place);
    row.classList.add("row");
    row.id = `${this.id || (this.id = `rows-${ALL_ROWS.indexOf(this)}`)}-${place}`;
    row.setAttribute("role", this.rowRole);
    row.setAttribute("aria-posinset", place + 1);
    row.setAttribute("aria-setsize", this.count);
    row.setAttribute("aria-selected", place === this.current);
    row.dataset.place = place;
    row.style.height = `${this.rowHeight}px`;
    row.style.top = `${place * this.rowHeight - top + this.element.scrollTop * (this.everything ? 0 : 1)}px`;
    return row;
  }

  click(event) {
    const row = event.target.closest("[data-place]");
    if (row) this.select(Number(row.dataset.place));
  }

  key(event) {
    const page = Math.max(Math.floor(this.element.clientHeight / this.rowHeight) - 1, 1);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -this.count, End: this.count };
    if (event.key in steps && this.count) {
      event.preventDefault();
      this.select(Math.max(Math.min(this.current + steps[event.key], this.count - 1), 0));
    }
  }

  /** Mark a row, and tell who asked to be told. */
  select(place) {
    this.current = place;
    this.reveal(place);
    this.element.setAttribute("aria-activedescendant", `${this.id}-${place}`);
    if (this.choose) this.choose(place);
  }

  reveal(place) {
    const { scrollTop, clientHeight } = this.element;
    const [top, from] = [place * this.rowHeight, scrollTop * this.scale];
    if (top < from) this.element.scrollTop = top / this.scale;
    else if (top + this.rowHeight > from + clientHeight) this.element.scrollTop = (top + this.rowHeight - clientHeight) / this.scale;
    this.drawNow();
  }
}

const ALL_ROWS = [];
const MOST_PRINTED = 400;

// On paper nothing can be scrolled: short lists are printed whole.
window.addEventListener("beforeprint", () => {
  for (const rows of ALL_ROWS) {
    rows.everything = rows.count <= MOST_PRINTED;
    if (rows.everything) rows.element.style.height = `${rows.whole + 2}px`;
    rows.drawNow();
  }
});
window.addEventListener("afterprint", () => {
  for (const rows of ALL_ROWS) {
    rows.everything = false;
    rows.show(rows.count);
  }
});
