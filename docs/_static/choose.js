// The three selects of choosing.md. Their data, choices.js, is written by choices.py.
(() => {
  const data = window.kerasInitsChoices;
  const place = document.getElementById("choose");
  if (!data || !place) return;

  const add = (parent, tag, properties = {}) =>
    parent.appendChild(Object.assign(document.createElement(tag), properties));

  const select = (id, words, options) => {
    const field = add(form, "div");
    add(field, "label", { htmlFor: id, textContent: words });
    const box = add(field, "select", { id });
    for (const [value, text] of options) add(box, "option", { value, textContent: text });
    box.addEventListener("change", show);
    return box;
  };

  const copy = async (text, button) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Pages from a disk may not reach the clipboard that way in every browser.
      const area = add(document.body, "textarea", { value: text });
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  };

  const line = (words, code) => {
    add(result, "p", { textContent: words });
    const row = add(result, "div", { className: "choose-line" });
    add(row, "code", { textContent: code, tabIndex: 0 });
    const button = add(row, "button", { type: "button", textContent: "Copy" });
    button.setAttribute("aria-label", `Copy: ${words}`);
    button.addEventListener("click", () => copy(code, button));
  };

  const show = () => {
    const fixed = data.lines[layer.value];
    activation.disabled = normalization.disabled = Boolean(fixed);
    const found =
      fixed ?? data.lines[[layer.value, activation.value, normalization.value].join("|")];
    result.replaceChildren();
    if (found.string) line("The string", found.string);
    line(found.string ? "Exact" : "Type", found.exact);
    if (found.why) add(result, "p", { textContent: found.why });
  };

  const form = add(place, "form");
  form.addEventListener("submit", (event) => event.preventDefault());
  const pairs = (list) => list.map((one) => [one, one]);
  const activation = select("choose-activation", "Activation", pairs(data.activations));
  const layer = select("choose-layer", "Layer", pairs(data.layers));
  const normalization = select(
    "choose-normalization", "Normalization", Object.entries(data.normalizations));
  const result = add(place, "div");
  result.setAttribute("aria-live", "polite");
  show();
})();
