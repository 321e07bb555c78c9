import { Actions } from "./actions.js";
import { html, render } from "./html.js";
import { Live, Operations, tokenFrom } from "./live.js";
import { Store } from "./store.js";
import { applyTheme } from "./theme.js";
import { App } from "./views/app.js";

applyTheme();
const token = tokenFrom(location, sessionStorage);
history.replaceState(null, "", location.pathname);
const store = new Store();
const actions = new Actions(store, new Operations(token));
if (token) follow();
else store.set({ connection: "denied" });

document.addEventListener("visibilitychange", () =>
  store.watch({ visible: document.visibilityState === "visible" }),
);
store.watch({ visible: document.visibilityState === "visible" });
render(html`<${App} store=${store} actions=${actions} />`, document.getElementById("app"));

function follow() {
  const onState = (connection) => connection !== store.state.connection && store.set({ connection });
  const live = new Live(token, sessionStorage.getItem("viewer"), onEvent, onState);
  function onEvent(kind, data) {
    if (kind === "READY") {
      live.viewerId = data.viewer.id;
      sessionStorage.setItem("viewer", data.viewer.id);
    }
    store.apply(kind, data);
  }
  actions.become = (userId) => live.become(userId);
  actions.retry = () => live.retry();
}
