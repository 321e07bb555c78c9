import { Actions } from "./actions.js";
import { html, render } from "./html.js";
import { Live, Operations, tokenFrom } from "./live.js";
import { Store } from "./store.js";
import { App } from "./views/app.js";

const token = tokenFrom(location, sessionStorage);
history.replaceState(null, "", location.pathname);
const store = new Store();
const actions = new Actions(store, new Operations(token));
if (token) {
  const viewerId = sessionStorage.getItem("viewer");
  const live = new Live(token, viewerId, (kind, data) => store.apply(kind, data), (connection) => store.set({ connection }));
  actions.become = (userId) => {
    sessionStorage.setItem("viewer", userId);
    live.become(userId);
  };
} else {
  store.set({ connection: "denied" });
}
render(html`<${App} store=${store} actions=${actions} />`, document.getElementById("app"));
