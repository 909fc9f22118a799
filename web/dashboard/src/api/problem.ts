import type { components } from "./schema";

type Problem = components["schemas"]["Problem"];

/** A call that the server refused, or that did not reach it. */
export class ApiProblem extends Error {
  readonly status: number; // 0: there was no answer
  readonly code: string; // stable, such as "api.forbidden"
  readonly title: string;
  readonly whatToDo: string;
  readonly requestId: string;
  readonly faults: string[];

  constructor(problem: Partial<Problem> & { status: number; code: string; detail: string }) {
    super(problem.detail);
    this.name = "ApiProblem";
    this.status = problem.status;
    this.code = problem.code;
    this.title = problem.title ?? "";
    this.whatToDo = problem.what_to_do ?? "";
    this.requestId = problem.request_id ?? "";
    this.faults = problem.faults ?? [];
  }

  get detail(): string {
    return this.message;
  }
}

export function unreachable(): ApiProblem {
  return new ApiProblem({
    status: 0,
    code: "page.unreachable",
    title: "No answer",
    detail: "The server does not answer.",
    what_to_do: "Nothing was changed, as far as this page knows. It tries again by itself; look whether stevie serve runs.",
  });
}

/** The problem that an answer tells, whatever its body is. */
export async function problemOf(response: Response): Promise<ApiProblem> {
  try {
    const body = (await response.json()) as Partial<Problem>;
    if (typeof body.code === "string") {
      return new ApiProblem({ ...body, status: response.status, code: body.code, detail: body.detail ?? body.title ?? "" });
    }
  } catch {
    // Something between page and server has answered.
  }
  return new ApiProblem({
    status: response.status,
    code: "page.bad_answer",
    title: `Answer ${response.status}`,
    detail: `The answer (status ${response.status}) is not one of this server.`,
    what_to_do: "Look at the log of the server, or of the proxy before it.",
  });
}

/** Anything that was thrown, as a problem to show. */
export function asProblem(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error;
  return new ApiProblem({
    status: 0,
    code: "page.fault",
    title: "The page has a fault",
    detail: error instanceof Error ? error.message : String(error),
    what_to_do: "Load the page again; if it comes back, report what stands here.",
  });
}
