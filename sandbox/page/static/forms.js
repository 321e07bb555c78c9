// A form an application opened: its fields, what they start with, what is wrong with what was typed. No DOM in here.
import { initialValues, isSelect, limits } from "./choices.js";

export const TEXT_INPUT = 4;
export const RADIO = 21;
export const CHECKBOXES = 22;
export const CHECKBOX = 23;
const LABEL = 18;
const TEXT_DISPLAY = 10;
const MOST = 4000;

/** Returns the parts of a form in order: {kind: "text", content} or {kind: "field", label, description, field}. */
export function partsOf(modal) {
  return (modal.components ?? []).flatMap((component) => {
    if (component.type === TEXT_DISPLAY) return [{ kind: "text", content: component.content }];
    if (component.type === LABEL) {
      return [
        {
          kind: "field",
          label: component.label,
          description: component.description,
          field: component.component,
        },
      ];
    }
    return (component.components ?? []).map((field) => ({
      kind: "field",
      label: field.label ?? field.placeholder,
      field,
    }));
  });
}

/** Whether this page can show a field. */
export function isKnown(field) {
  return [TEXT_INPUT, RADIO, CHECKBOXES, CHECKBOX].includes(field.type) || isSelect(field);
}

/** Whether a form asks for something this page has no field for: it can't be sent from here. */
export function isBeyond(modal) {
  return partsOf(modal).some(({ field }) => field && !isKnown(field) && (field.required ?? true));
}

/** Returns what a form starts with, by custom id. */
export function startValues(modal) {
  const fields = partsOf(modal).filter((part) => part.kind === "field" && isKnown(part.field));
  return Object.fromEntries(fields.map(({ field }) => [field.custom_id, startValue(field)]));
}

function startValue(field) {
  const ticked = (field.options ?? []).filter((option) => option.default).map((option) => option.value);
  switch (field.type) {
    case TEXT_INPUT:
      return field.value ?? "";
    case CHECKBOX:
      return Boolean(field.default);
    case RADIO:
      return ticked[0] ?? "";
    case CHECKBOXES:
      return ticked;
    default:
      return initialValues(field);
  }
}

/** Returns what is wrong with a field's value in words, "" when nothing is. */
function problemWith(field, value) {
  if (field.type === CHECKBOX) return "";
  const required = field.required ?? true;
  if (field.type === RADIO) return required && value === "" ? "Choose one." : "";
  if (field.type !== TEXT_INPUT) return problemWithMany(field, value, required);
  if (value === "") return required ? "Please fill this in." : "";
  const least = field.min_length ?? 0;
  if (value.length < least) return `At least ${least} characters, please; these are ${value.length}.`;
  const most = field.max_length ?? MOST;
  return value.length > most ? `At most ${most} characters, please; these are ${value.length}.` : "";
}

function problemWithMany(field, values, required) {
  const [least, single] = limits(field);
  const most = field.type === CHECKBOXES ? (field.max_values ?? field.options.length) : single;
  if (!required && values.length === 0) return "";
  if (values.length < Math.max(least, required ? 1 : 0)) return `Choose at least ${Math.max(1, least)}.`;
  return values.length > most ? `Choose at most ${most}.` : "";
}

/** Returns {custom id: what is wrong} of all fields that have a problem. */
export function problems(modal, values) {
  const found = {};
  for (const part of partsOf(modal)) {
    if (part.kind !== "field" || !isKnown(part.field)) continue;
    const problem = problemWith(part.field, values[part.field.custom_id]);
    if (problem) found[part.field.custom_id] = problem;
  }
  return found;
}
