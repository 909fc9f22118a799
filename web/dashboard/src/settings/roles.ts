import type { Role } from "../api";

export const roleTexts: Record<Role, string> = {
  viewer: "looks at everything, changes nothing",
  operator: "starts and stops sessions, changes parameters, kills and re-arms",
  admin: "also manages users, settings and limits, and may overrule the gate",
};
const order: Role[] = ["viewer", "operator", "admin"];

/** Roles that whoever has this one can give: none above it. */
export function rolesUpTo(role: Role | null): Role[] {
  return role === null ? [] : order.slice(0, order.indexOf(role) + 1);
}
