"use strict";
// Without this script the states stand side by side; with it, two of them share one frame.
for (const slider of document.querySelectorAll(".slider")) {
  const states = [...slider.querySelectorAll(".states img")];
  if (states.length < 2) continue;
  const make = (name, properties) => Object.assign(document.createElement(name), properties);
  const stage = make("div", { className: "stage" });
  const controls = make("div", { className: "controls" });
  const range = make("input", { type: "range", min: 0, max: 100, step: 0.5, value: 50 });
  range.setAttribute("aria-label", `${slider.dataset.name}: share of the left image`);

  const side = (label, chosen) => {
    const image = make("img", { className: "exact", draggable: false });
    const select = make("select", {});
    select.setAttribute("aria-label", `${slider.dataset.name}: ${label} image`);
    states.forEach((state, index) => select.add(new Option(state.dataset.label, index)));
    const show = () => {
      const state = states[select.value];
      Object.assign(image, { src: state.src, alt: state.alt });
    };
    select.value = chosen;
    select.addEventListener("change", show);
    image.width = states[0].getAttribute("width");
    image.height = states[0].getAttribute("height");
    show();
    return [image, select];
  };
  const before = side("left", 0);
  const after = side("right", Math.max(states.length - 2, 1));

  const move = (share) => {
    range.value = share;
    stage.style.setProperty("--at", `${range.value}%`);
  };
  const follow = (event) => {
    const box = stage.getBoundingClientRect();
    move((100 * (event.clientX - box.left)) / box.width);
  };
  stage.addEventListener("pointerdown", (event) => {
    stage.setPointerCapture(event.pointerId);
    follow(event);
  });
  stage.addEventListener("pointermove", (event) => {
    if (event.buttons) follow(event);
  });
  range.addEventListener("input", () => move(range.value));

  stage.append(before[0], after[0]);
  controls.append(before[1], range, after[1]);
  slider.prepend(stage, controls);
  slider.classList.add("live");
  move(50);
}
