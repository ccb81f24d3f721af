// Which series of a card are shown: in the legend, the table, the chart and the funnel's bars.

export class Series {
  #card;
  #keep;
  #hidden = new Set(); // places
  #pointed = -1;

  /** Of a card: `asked` says which are hidden, as `keep` is told of it; without, they are as the card came. */
  constructor(card, asked = null, keep = () => {}) {
    this.#card = card;
    this.#keep = keep;
    const places = asked === null
      ? this.#all(".legend [aria-pressed=false], input[data-series]:not(:checked)").map((off) => off.dataset.series)
      : asked.split(",").filter(Boolean);
    for (const place of places) this.#hidden.add(Number(place));
    this.#show();
  }

  /** Whether the series of a place is shown. */
  isShown = (place) => !this.#hidden.has(place);

  /** Whether it stands back, as another one is pointed at. */
  isDimmed = (place) => this.#pointed >= 0 && this.#pointed !== place;

  /** Shows or hides one. */
  toggle(place, isOn) {
    if (isOn) this.#hidden.delete(place);
    else this.#hidden.add(place);
    if (!isOn && this.#pointed === place) this.point(-1);
    this.#keep([...this.#hidden].sort((a, b) => a - b).join(","));
    this.#show();
  }

  /** Points at one, or at none; true when that is something new. */
  point(place) {
    if (place === this.#pointed || (place >= 0 && !this.isShown(place))) return false;
    this.#pointed = place;
    for (const mark of this.#all("[data-of]")) mark.classList.toggle("back", this.isDimmed(Number(mark.dataset.of)));
    return true;
  }

  #show() {
    for (const button of this.#all(".legend [data-series]")) button.setAttribute("aria-pressed", String(this.isShown(Number(button.dataset.series))));
    for (const box of this.#all("input[data-series]")) box.checked = this.isShown(Number(box.dataset.series));
    for (const mark of this.#all("[data-of]")) mark.hidden = !this.isShown(Number(mark.dataset.of));
  }

  #all = (selector) => [...this.#card.querySelectorAll(selector)];
}
