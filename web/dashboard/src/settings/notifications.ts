import type { Body, Schema } from "../api";
import type { Tone } from "../ui";

export type Channel = Schema<"Channel">;
export type Delivery = Schema<"Delivery">;
export type NotifyEvent = Channel["events"][number];
export type ChannelKind = Channel["kind"];
export type NewChannel = Body<"post", "/api/notifications/channels">;
export type ChannelChange = Body<"patch", "/api/notifications/channels/{name}">;

/** docs/notifications.md. */
export const eventTexts: Record<NotifyEvent, { title: string; meaning: string }> = {
  kill: { title: "Trading stopped", meaning: "somebody used the kill switch" },
  rearm: { title: "Re-armed", meaning: "somebody let trading go on" },
  risk_state: { title: "Risk state", meaning: "active, reducing, halted: from one to another" },
  denials: { title: "Many denials", meaning: "more orders denied within a minute than is usual" },
  limits_changed: { title: "Limits changed", meaning: "somebody changed the risk limits" },
  reconciliation: { title: "Account differs", meaning: "account and record differ, or agree again" },
  feed_stale: { title: "No data", meaning: "the feed brings no data, or brings it again" },
  persistence_fault: { title: "Nothing recorded", meaning: "trading waits because nothing can be recorded; and the end of it" },
  session_ended: { title: "Session ended", meaning: "training finished, failed or was stopped, with its verdict" },
  parameter_change: { title: "Parameters changed", meaning: "by a person" },
  promotion: { title: "Promotion", meaning: "a proposal that the gate approved came into force" },
  login_lockout: { title: "Login locked", meaning: "too many failed logins" },
};
export const allEvents = Object.keys(eventTexts) as NotifyEvent[];

export const deliveryTones: Record<Delivery["state"], Tone> = { waiting: "busy", delivered: "good", failed: "bad", dropped: "warn" };

/** What is typed in the dialog of a channel. Where one is changed an empty address, secret or token stays as it is. */
export interface Draft {
  name: string;
  kind: ChannelKind;
  events: NotifyEvent[];
  enabled: boolean;
  gapSeconds: string;
  url: string;
  secret: string;
  chat: string;
  token: string;
}

export function draftOf(channel: Channel | null): Draft {
  return {
    name: channel?.name ?? "",
    kind: channel?.kind ?? "webhook",
    events: channel?.events ?? ["kill", "rearm", "risk_state", "persistence_fault"],
    enabled: channel?.enabled ?? true,
    gapSeconds: String(channel?.minimum_gap_seconds ?? 60),
    url: "",
    secret: "",
    chat: channel?.chat ?? "",
    token: "",
  };
}

export type DraftFaults = Partial<Record<keyof Draft, string>>;

/** What the server would refuse, by field. */
export function draftFaults(draft: Draft, isNew: boolean): DraftFaults {
  const faults: DraftFaults = {};
  if (isNew && !/^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/.test(draft.name)) faults.name = "Letters, digits and . _ -, 64 at most.";
  if (draft.events.length === 0) faults.events = "Choose one at least.";
  if (!/^[0-9]{1,5}$/.test(draft.gapSeconds) || Number(draft.gapSeconds) > 86_400) faults.gapSeconds = "0 to 86400 seconds.";
  if (draft.kind === "webhook") {
    if (draft.url !== "" ? !/^https?:\/\/[^\s]+$/.test(draft.url) : isNew) faults.url = "An address that begins with https:// or http://.";
    if (draft.secret !== "" ? !/^[\x21-\x7e]{16,256}$/.test(draft.secret) : isNew) faults.secret = "16 to 256 visible characters without spaces.";
  } else {
    if (!/^(-?[0-9]{1,20}|@[A-Za-z0-9_]{1,64})$/.test(draft.chat)) faults.chat = "A number such as -1001234567890, or @ and the name of a channel.";
    if (draft.token === "" && isNew) faults.token = "As @BotFather gave it.";
  }
  return faults;
}

export function newChannelOf(draft: Draft): NewChannel {
  const { name, kind, events, enabled, url, secret, chat, token } = draft;
  const common = { name, kind, events, enabled, minimum_gap_seconds: Number(draft.gapSeconds) };
  return kind === "webhook" ? { ...common, url, secret } : { ...common, chat, token };
}

/** Only what differs from the channel. */
export function changeOf(draft: Draft, channel: Channel): ChannelChange {
  const change: ChannelChange = {};
  if ([...draft.events].sort().join() !== [...channel.events].sort().join()) change.events = draft.events;
  if (draft.enabled !== channel.enabled) change.enabled = draft.enabled;
  if (Number(draft.gapSeconds) !== channel.minimum_gap_seconds) change.minimum_gap_seconds = Number(draft.gapSeconds);
  if (draft.url) change.url = draft.url;
  if (draft.secret) change.secret = draft.secret;
  if (channel.kind === "telegram" && draft.chat !== channel.chat) change.chat = draft.chat;
  if (draft.token) change.token = draft.token;
  return change;
}

export function newSecret(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(24)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
