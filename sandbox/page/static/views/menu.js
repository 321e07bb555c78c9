// A menu at a point: of a message, a thread, a channel. The browser closes it on a click elsewhere.
import { html, useLayoutEffect, useRef } from "../html.js";
import { Icon } from "./common.js";
import { usePage } from "./context.js";

const EDGE = 8; // pixels kept free around it

/**
 * Opens a menu. `items` are {label, icon?, bad?, hint?, onPick(event)}, {heading}, {line: true} or
 * {quick: [{label, face, onPick}]}; `at` is {x, y} or an element to stand beside.
 */
export function openMenu(store, label, items, at) {
  const anchor = at instanceof Element ? at : document.activeElement;
  const box = at instanceof Element ? at.getBoundingClientRect() : null;
  store.set({
    menu: {
      label,
      items,
      anchor,
      x: box ? box.right : at.x,
      y: box ? box.bottom + 4 : at.y,
      fromRight: Boolean(box),
    },
  });
}

/** Mounted once: shows `state.menu`. */
export function Menu() {
  const { state } = usePage();
  return state.menu && html`<${Open} key=${state.menu.label} menu=${state.menu} />`;
}

function Open({ menu }) {
  const { store } = usePage();
  const box = useRef(null);
  const close = () => box.current?.hidePopover();
  useLayoutEffect(() => {
    const element = box.current;
    const { anchor } = menu;
    const home = anchor?.closest?.("[data-id]"); // an anchor on a message may be gone by the end
    const opens = anchor?.hasAttribute?.("aria-haspopup");
    if (opens) anchor.setAttribute("aria-expanded", "true");
    element.showPopover();
    place(element, menu);
    element.querySelector("[role=menuitem]")?.focus({ preventScroll: true });
    const toggled = (event) => {
      if (event.newState !== "closed") return;
      if (opens) anchor.setAttribute("aria-expanded", "false");
      const nowhere = document.activeElement === document.body || element.contains(document.activeElement);
      if (nowhere) (anchor?.isConnected ? anchor : home)?.focus?.({ preventScroll: true });
      if (store.state.menu === menu) store.set({ menu: null });
    };
    element.addEventListener("toggle", toggled);
    return () => element.removeEventListener("toggle", toggled);
  }, [menu]);
  const pick = (item) => (event) => {
    close();
    item.onPick(event);
  };
  return html`<div ref=${box} popover="auto" class="menu" role="menu" aria-label=${menu.label} onKeyDown=${(event) => walk(event, box.current)}>
    ${menu.items.map((item, index) => html`<${Item} key=${index} item=${item} pick=${pick} />`)}
  </div>`;
}

function Item({ item, pick }) {
  if (item.line) return html`<hr />`;
  if (item.heading) return html`<p class="menu-heading">${item.heading}</p>`;
  if (item.quick) {
    return html`<div class="menu-quick" role="none">${item.quick.map((one) => html`<button key=${one.label} type="button" role="menuitem" tabindex="-1" aria-label=${one.label} title=${one.label} onClick=${pick(one)}>${one.face}</button>`)}</div>`;
  }
  return html`<button type="button" role="menuitem" tabindex="-1" class=${item.bad ? "bad" : ""} onClick=${pick(item)}>
    <span>${item.label}</span>${item.hint && html`<small>${item.hint}</small>`}${item.icon && html`<${Icon} name=${item.icon} size=${16} />`}
  </button>`;
}

function walk(event, box) {
  const items = [...box.querySelectorAll("[role=menuitem]")];
  const at = items.indexOf(document.activeElement);
  const to = {
    ArrowDown: at + 1,
    ArrowRight: at + 1,
    ArrowUp: at - 1,
    ArrowLeft: at - 1,
    Home: 0,
    End: items.length - 1,
  }[event.key];
  if (to !== undefined) items[(to + items.length) % items.length].focus();
  else if (event.key === "Tab") box.hidePopover();
  else if (event.key.length === 1)
    items.find((item) => item.textContent.trim().toLowerCase().startsWith(event.key.toLowerCase()))?.focus();
  else return;
  event.preventDefault();
}

function place(element, { x, y, fromRight }) {
  const { offsetWidth: width, offsetHeight: height } = element;
  const left = fromRight ? x - width : x;
  element.style.left = `${Math.max(EDGE, Math.min(left, window.innerWidth - width - EDGE))}px`;
  element.style.top = `${Math.max(EDGE, Math.min(y, window.innerHeight - height - EDGE))}px`;
}
