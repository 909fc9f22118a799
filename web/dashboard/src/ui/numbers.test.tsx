import { screen } from "@testing-library/react";
import { expect, test } from "vitest";
import { renderPage } from "../testing/render";
import { Percent } from "./numbers";

test("what rounds to nothing is neither a gain nor a loss", () => {
  renderPage(
    <>
      <Percent value={-0.00001} tone />
      <Percent value={-0.01} tone />
      <Percent value={0.01} tone />
    </>,
  );
  expect(screen.getByText(/^\u2212?0\.00/)).not.toHaveAttribute("data-tone");
  expect(screen.getByText(/^\u22121\.00/)).toHaveAttribute("data-tone", "loss");
  expect(screen.getByText(/^\+1\.00/)).toHaveAttribute("data-tone", "gain");
});
