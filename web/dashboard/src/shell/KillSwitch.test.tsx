import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { axeFaults, fakeServer, logInAs, renderPage } from "../testing/render";
import { liveState } from "../testing/samples";
import { KillSwitch } from "./KillSwitch";

test("an operator stops trading with a reason and closes positions", async () => {
  logInAs("operator");
  const { calls } = fakeServer({ "GET /api/live/state": liveState(), "POST /api/live/kill": liveState({ killed: true }) });
  renderPage(<KillSwitch />);
  const user = userEvent.setup();
  await user.click(screen.getByRole("button", { name: /kill switch/i }));
  await user.click(screen.getByRole("radio", { name: "Close them" }));
  await user.click(screen.getByRole("button", { name: "Stop trading" }));
  expect(await screen.findByText(/At least 3 characters/)).toBeVisible();
  expect(calls.filter((call) => call.method === "POST")).toHaveLength(0);
  await user.type(screen.getByRole("textbox", { name: /Reason/ }), "exchange in trouble");
  expect(await axeFaults()).toEqual([]);
  await user.click(screen.getByRole("button", { name: "Stop trading" }));
  await waitFor(() => expect(calls.find((call) => call.path === "/api/live/kill")).toBeDefined());
  const kill = calls.find((call) => call.path === "/api/live/kill")!;
  expect(kill.body).toEqual({ reason: "exchange in trouble", flatten: true });
  expect(kill.headers.get("Idempotency-Key")).toMatch(/^[0-9a-f]{32}$/);
  await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
});

test("a viewer has no kill switch", () => {
  logInAs("viewer");
  fakeServer({ "GET /api/live/state": liveState() });
  renderPage(<KillSwitch />);
  expect(screen.queryByRole("button")).not.toBeInTheDocument();
});

test("a refusal is shown in the dialog and the reason stays", async () => {
  logInAs("operator");
  fakeServer({
    "GET /api/live/state": liveState(),
    "POST /api/live/kill": () => ({ status: 503, body: { code: "live.kill_unrecorded", detail: "it holds, but is not on record" } }),
  });
  renderPage(<KillSwitch />);
  const user = userEvent.setup();
  await user.click(screen.getByRole("button", { name: /kill switch/i }));
  await user.type(screen.getByRole("textbox", { name: /Reason/ }), "strange prices{Enter}");
  expect(await screen.findByText("it holds, but is not on record")).toBeVisible();
  expect(screen.getByRole("textbox", { name: /Reason/ })).toHaveValue("strange prices");
});
