import { useEffect, useState } from "../html.js";

/** What an operation returned: {value, problem, again}; asked anew whenever `keys` change. */
export function useAsked(ask, keys) {
  const [found, setFound] = useState({ value: null, problem: "" });
  const [count, setCount] = useState(0);
  useEffect(() => {
    let current = true;
    ask().then(
      (value) => current && setFound({ value, problem: "" }),
      (error) => current && setFound({ value: null, problem: error.message }),
    );
    return () => {
      current = false;
    };
  }, [...keys, count]);
  return { ...found, again: () => setCount((before) => before + 1) };
}
