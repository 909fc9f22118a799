import "@mantine/core/styles.css";
import "./app.css";
import { setNonce } from "get-nonce";
import { createRoot } from "react-dom/client";
import { App } from "./shell/App";
import { cspNonce } from "./shell/nonce";

setNonce(cspNonce()); // of the style that keeps the page still behind a dialog

createRoot(document.getElementById("root")!).render(<App />);
