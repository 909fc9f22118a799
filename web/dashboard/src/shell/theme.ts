import { createTheme, defaultVariantColorsResolver, type CSSVariablesResolver, type VariantColorsResolver } from "@mantine/core";

const sans = 'system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", Arial, sans-serif';
const mono = 'ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", Consolas, monospace';

const primaryColor = "cyan";

/** Mantine picks the text of filled buttons by the shade of the light theme; that of the dark one is bright and wants black. */
const variantColorResolver: VariantColorsResolver = (input) => {
  const colors = defaultVariantColorsResolver(input);
  const isPrimary = (input.color ?? primaryColor) === primaryColor;
  return input.variant === "filled" && isPrimary ? { ...colors, color: "var(--mantine-primary-color-contrast)" } : colors;
};

export const theme = createTheme({
  primaryColor,
  variantColorResolver,
  primaryShade: { light: 9, dark: 5 },
  autoContrast: true,
  fontFamily: sans,
  fontFamilyMonospace: mono,
  defaultRadius: "md",
  cursorType: "pointer",
  headings: { fontFamily: sans, fontWeight: "650" },
  focusRing: "auto",
  components: {
    // The title of a dialog is no second banner of the page.
    ModalHeader: { defaultProps: { role: "presentation" } },
    DrawerHeader: { defaultProps: { role: "presentation" } },
  },
});

/** Mantine's greys are too pale for small text on white (WCAG AA asks for 4.5:1). */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-dimmed": "#495057",
    "--mantine-color-placeholder": "#5c636a",
    "--mantine-color-error": "#b02525",
    "--mantine-color-red-light-color": "#9b1c1c",
    "--mantine-color-cyan-filled-hover": "#095c6c",
    "--mantine-color-body": "#ffffff",
    "--gain": "#0a6b48",
    "--loss": "#b02525",
    "--panel": "#ffffff",
    "--ground": "#f4f6f8",
  },
  dark: {
    "--mantine-color-dimmed": "#a9b1ba",
    "--mantine-color-placeholder": "#98a1ab",
    "--mantine-color-error": "#ff9a9a",
    "--mantine-color-red-light-color": "#ffa8a8",
    "--gain": "#4fd1a1",
    "--loss": "#ff8f8f",
    "--panel": "#1f2226",
    "--ground": "#17191c",
  },
});
