import { useComputedColorScheme } from "@mantine/core";

export interface ChartColors {
  text: string;
  grid: string;
  border: string;
  up: string;
  down: string;
  marker: string;
  /** of series, told apart by brightness as well */
  series: string[];
}

const dark: ChartColors = {
  text: "#c9c9c9",
  grid: "#2e2e2e",
  border: "#4a4a4a",
  up: "#2fb380",
  down: "#f2777a",
  marker: "#e9c46a",
  series: ["#66d9e8", "#ffd43b", "#faa2c1", "#8ce99a", "#b197fc", "#ffa94d"],
};
const light: ChartColors = {
  text: "#40464d",
  grid: "#eceff1",
  border: "#c5ccd3",
  up: "#0a7d55",
  down: "#c92a2a",
  marker: "#8a5a00",
  series: ["#0b7285", "#b35c00", "#a61e4d", "#2b6a30", "#5f3dc4", "#7a4a12"],
};

/** Colours of charts in the theme that is shown; canvases take no CSS. */
export function useChartColors(): ChartColors {
  return useComputedColorScheme("light") === "dark" ? dark : light;
}
