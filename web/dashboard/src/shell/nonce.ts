/** The nonce of this answer of the server, which styles made by scripts carry (Content-Security-Policy). */
export function cspNonce(): string {
  return document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? "";
}
