import type { Schema } from "../api";
import type { IconName, Tone } from "../ui";

/** How a version came about, as a word and a drawing. */
export function changeLook(change: Schema<"ParameterVersion">["change"]): { word: string; tone: Tone; icon: IconName } {
  switch (change) {
    case "promotion":
      return { word: "Promoted by the gate", tone: "good", icon: "shield" };
    case "manual":
      return { word: "Changed by a person", tone: "busy", icon: "edit" };
    case "rollback":
      return { word: "Rolled back", tone: "warn", icon: "back" };
    case "overruling":
      return { word: "Against the gate", tone: "bad", icon: "warning" };
    case "import":
      return { word: "Imported", tone: "busy", icon: "open" };
    default:
      return { word: "Defaults", tone: "neutral", icon: "parameters" };
  }
}
