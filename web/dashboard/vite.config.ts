import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// STEVIE: the server that `npm run dev` hands /api and /health to.
const server = process.env.STEVIE ?? "http://127.0.0.1:8080";

export default defineConfig({
  base: "/dashboard/stevie-training/",
  plugins: [react()],
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // All styles come first: a page that is opened while the server is away must not want one more file, and Vite asks for it only once.
    cssCodeSplit: false,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 900,
  },
  server: {
    port: Number(process.env.PORT ?? 5173),
    proxy: {
      // The server takes a WebSocket only from a page of its own host.
      "/api": { target: server, changeOrigin: true, ws: true, headers: { Origin: server } },
      "/health": { target: server, changeOrigin: true },
    },
  },
  test: {
    environment: "jsdom",
    setupFiles: ["src/testing/setup.ts"],
    css: false,
    testTimeout: 60_000,
    restoreMocks: true,
    unstubGlobals: true,
  },
});
