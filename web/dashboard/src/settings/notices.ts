/** What is part of this page and by whom; a test compares it with package-lock.json. */
export interface Notice {
  name: string;
  license: "MIT" | "Apache-2.0" | "0BSD";
  copyright: string;
}

export const notices: Notice[] = [
  { name: "@floating-ui/core", license: "MIT", copyright: "2021-present Floating UI contributors" },
  { name: "@floating-ui/dom", license: "MIT", copyright: "2021-present Floating UI contributors" },
  { name: "@floating-ui/react", license: "MIT", copyright: "2021-present Floating UI contributors" },
  { name: "@floating-ui/react-dom", license: "MIT", copyright: "2021-present Floating UI contributors" },
  { name: "@floating-ui/utils", license: "MIT", copyright: "2021-present Floating UI contributors" },
  { name: "@mantine/core", license: "MIT", copyright: "2021 Vitaly Rtishchev" },
  { name: "@mantine/hooks", license: "MIT", copyright: "2021 Vitaly Rtishchev" },
  { name: "@tanstack/query-core", license: "MIT", copyright: "2021-present Tanner Linsley" },
  { name: "@tanstack/react-query", license: "MIT", copyright: "2021-present Tanner Linsley" },
  { name: "clsx", license: "MIT", copyright: "Luke Edwards" },
  { name: "cookie", license: "MIT", copyright: "2012-2014 Roman Shtylman" },
  { name: "detect-node-es", license: "MIT", copyright: "2017 Ilya Kantor" },
  { name: "fancy-canvas", license: "MIT", copyright: "TradingView, Inc." },
  { name: "get-nonce", license: "MIT", copyright: "2020 Anton Korzunov" },
  { name: "lightweight-charts", license: "Apache-2.0", copyright: "2025 TradingView, Inc." },
  { name: "openapi-fetch", license: "MIT", copyright: "2023 Drew Powers" },
  { name: "react", license: "MIT", copyright: "Meta Platforms, Inc. and affiliates." },
  { name: "react-dom", license: "MIT", copyright: "Meta Platforms, Inc. and affiliates." },
  { name: "react-number-format", license: "MIT", copyright: "2020-present Sudhanshu Yadav" },
  { name: "react-remove-scroll", license: "MIT", copyright: "2017 Anton Korzunov" },
  { name: "react-remove-scroll-bar", license: "MIT", copyright: "Anton Korzunov" },
  { name: "react-router", license: "MIT", copyright: "React Training LLC 2015-2019" },
  { name: "react-style-singleton", license: "MIT", copyright: "2017 Anton Korzunov" },
  { name: "scheduler", license: "MIT", copyright: "Meta Platforms, Inc. and affiliates." },
  { name: "set-cookie-parser", license: "MIT", copyright: "2015 Nathan Friedly" },
  { name: "tabbable", license: "MIT", copyright: "2015 David Clark" },
  { name: "tslib", license: "0BSD", copyright: "Microsoft Corporation." },
  { name: "uplot", license: "MIT", copyright: "2022 Leon Sorokin" },
  { name: "use-callback-ref", license: "MIT", copyright: "2017 Anton Korzunov" },
  { name: "use-sidecar", license: "MIT", copyright: "2017 Anton Korzunov" },
];

/** Packages that hold types for the compiler only: nothing of them is in the page. */
export const onlyTypes = ["@types/react", "csstype", "type-fest", "tagged-tag", "openapi-typescript-helpers"];

export const mitText =
  "Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the \"Software\"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the following conditions:\n\n" +
  "The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.\n\n" +
  "THE SOFTWARE IS PROVIDED \"AS IS\", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.";

export const apacheText =
  "Licensed under the Apache License, Version 2.0 (the \"License\"); you may not use this file except in compliance with the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0\n\n" +
  "Unless required by applicable law or agreed to in writing, software distributed under the License is distributed on an \"AS IS\" BASIS, WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language governing permissions and limitations under the License.";
