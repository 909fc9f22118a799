import type { Role } from "../api";

export const roleTexts: Record<Role, string> = {
  viewer: "look at everything, change nothing",
  operator: "start and stop sessions, change parameters, stop trading and re-arm",
  admin: "do all that an operator does, manage users, keys and channels, set limits, overrule the gate",
};
const order: Role[] = ["viewer", "operator", "admin"];

/** Roles that whoever has this one can give: none above it. */
export function rolesUpTo(role: Role | null): Role[] {
  return role === null ? [] : order.slice(0, order.indexOf(role) + 1);
}
