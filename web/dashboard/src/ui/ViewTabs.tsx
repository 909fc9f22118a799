import { NavLink } from "react-router";
import "./ViewTabs.css";

/** Views of one page, each with an address of its own; chips where it is narrow. */
export function ViewTabs({ label, views }: { label: string; views: readonly { to: string; title: string; end?: boolean }[] }) {
  return (
    <nav className="view-tabs" aria-label={label}>
      {views.map((view) => (
        <NavLink key={view.to} to={view.to} end={view.end}>
          {view.title}
        </NavLink>
      ))}
    </nav>
  );
}
