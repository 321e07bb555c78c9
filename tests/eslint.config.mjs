// What is watched in the chat page and its tests: mistakes, not taste (that is Prettier's).
import js from "@eslint/js";
import globals from "globals";

export default [
  { ignores: ["**/vendor/**", "**/node_modules/**"] },
  js.configs.recommended,
  {
    languageOptions: { ecmaVersion: "latest", sourceType: "module", globals: { ...globals.browser } },
    rules: {
      eqeqeq: "error",
      "no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_", caughtErrors: "all" }],
      "prefer-const": "error",
      "no-var": "error",
    },
  },
  { files: ["tests/**"], languageOptions: { globals: { ...globals.node } } },
  { files: ["**/*.cjs"], languageOptions: { sourceType: "commonjs" } },
];
