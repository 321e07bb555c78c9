// A form an application opened: its fields, what they start with, what is wrong with what was typed. No DOM in here.
import { initialValues, isSelect, limits } from "./choices.js";

export const TEXT_INPUT = 4;
export const LABEL = 18;
export const TEXT_DISPLAY = 10;
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
  return field.type === TEXT_INPUT || isSelect(field);
}

/** Returns what a form starts with, by custom id. */
export function startValues(modal) {
  const fields = partsOf(modal).filter((part) => part.kind === "field" && isKnown(part.field));
  return Object.fromEntries(
    fields.map(({ field }) => [
      field.custom_id,
      field.type === TEXT_INPUT ? (field.value ?? "") : initialValues(field),
    ]),
  );
}

/** Returns what is wrong with a field's value in words, "" when nothing is. */
export function problemWith(field, value) {
  const required = field.required ?? true;
  if (field.type !== TEXT_INPUT) {
    const [least] = limits(field);
    if (!required && value.length === 0) return "";
    return value.length < Math.max(least, required ? 1 : 0) ? `Choose at least ${Math.max(1, least)}.` : "";
  }
  if (value === "") return required ? "Please fill this in." : "";
  const least = field.min_length ?? 0;
  if (value.length < least) return `At least ${least} characters, please; these are ${value.length}.`;
  const most = field.max_length ?? MOST;
  return value.length > most ? `At most ${most} characters, please; these are ${value.length}.` : "";
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
