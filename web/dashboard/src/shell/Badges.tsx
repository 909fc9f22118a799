import { StatusBadge, type Tone } from "../ui";
import { useLiveState } from "./useLiveState";

/** What is traded. Paper is unmistakable: it has a colour and a frame of its own on every page. */
export function ModeBadge() {
  const { data } = useLiveState();
  if (!data) return null;
  const isPaper = data.summary.mode === "paper";
  return (
    <span className="mode-badge" data-mode={data.summary.mode} title={isPaper ? "No order leaves the program" : "This server does not trade"}>
      {isPaper ? "PAPER" : "NO TRADING"}
      <span className="visually-hidden">{isPaper ? ": no order leaves the program" : ": this server does not trade"}</span>
    </span>
  );
}

const tones: Record<string, Tone> = { active: "good", reducing: "warn", halted: "bad" };

/** The risk engine: orders pass, only smaller positions, none. */
export function RiskBadge() {
  const { data } = useLiveState();
  if (!data) return null;
  const { risk_state, killed, risk_why, running, mode } = data.summary;
  if (mode === "none" && !killed) return null;
  const word = killed ? "Killed" : risk_state === "active" ? "Risk active" : risk_state === "reducing" ? "Reducing" : "Halted";
  return (
    <span className="risk-badge" title={risk_why || (running ? "Orders pass within the limits" : data.summary.text)}>
      <StatusBadge state={word} tone={killed ? "bad" : (tones[risk_state] ?? "neutral")} icon={killed ? "stop" : "shield"} />
    </span>
  );
}
