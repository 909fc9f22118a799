import { useLayoutEffect } from "react";

/** The focus goes back to what had it before a dialog opened, also where the dialog comes and goes with its being open. */
export function useFocusBack(opened: boolean): void {
  useLayoutEffect(() => {
    if (!opened) return;
    const before = document.activeElement;
    return () => {
      setTimeout(() => {
        const now = document.activeElement;
        const isLeft = now === null || now === document.body || now.closest("[role=dialog]") !== null; // it may still fade out
        if (isLeft && before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
      });
    };
  }, [opened]);
}
