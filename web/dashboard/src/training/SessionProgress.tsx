import { Text } from "@mantine/core";
import { useMemo } from "react";
import { useApi } from "../api";
import { format, KeyValue, NumberText } from "../ui";
import { LongSeries } from "../ui/LongSeries";
import { isActive, isAtWork, isTraining, phases, wordsOf, type TrainingSession } from "./sessions";

const trainingPhases: Record<string, string> = { searching: "Training", judging: "Judging on the test part" };

/** A share of right actions, or a reward. */
const written = (session: TrainingSession, value: number | null) =>
  session.kind === "clone" ? format.percent(value, { digits: 1 }) : format.number(value, { digits: 3 });

/** How far a session is: phase, episodes, candidates, best so far, time left, and the curve. */
export function SessionProgress({ session }: { session: TrainingSession }) {
  const { progress } = session;
  const isTrain = isTraining(session);
  const words = wordsOf(session);
  const share = Math.round(progress.fraction * 100);
  const gain = progress.best_reward !== null && progress.running_reward !== null ? progress.best_reward - progress.running_reward : null;
  const phaseWord = (isTrain ? trainingPhases[progress.phase ?? ""] : undefined) ?? phases[progress.phase ?? ""] ?? format.words(progress.phase ?? "");
  const phase =
    session.state === "queued" ? "Waits for its turn" : session.state === "stopping" ? "Stopping" : progress.phase ? phaseWord : "Starting";
  return (
    <div className="running">
      <div>
        <Text size="sm" mb={6}>
          <b>{phase}</b>
          {share > 0 && ` · ${share} % done`}
        </Text>
        <div
          className="progress"
          role="progressbar"
          aria-label="Progress of the session"
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={share}
          aria-valuetext={`${phase}, ${share} %`}
        >
          <div style={{ width: `${progress.fraction * 100}%` }} />
        </div>
        <div className="progress-figures">
          <KeyValue
            rows={[
              {
                name: words.units,
                value: progress.episodes > 0 ? `${format.count(progress.episode)} of ${format.count(progress.episodes)}` : format.MISSING,
              },
              ...(isTrain ? [] : [{ name: "Candidates looked at", value: format.count(progress.candidates) }]),
              {
                name: words.best,
                value: progress.best_reward === null && isTrain ? "not judged yet" : <span className="digits">{written(session, progress.best_reward)}</span>,
                help: words.bestHelp,
              },
              { name: words.newest, value: <span className="digits">{written(session, progress.running_reward)}</span>, help: words.newestHelp },
              ...(isTrain ? [] : [{ name: "Difference", value: <NumberText value={gain} digits={3} tone /> }]),
              {
                name: "Time left",
                value: session.state === "queued" ? format.MISSING : progress.seconds_left === null ? "not known yet" : format.duration(progress.seconds_left * 1000),
                help: `An estimate from the speed so far${isTrain ? "" : "; the search ends earlier when it has converged"}.`,
              },
            ]}
          />
        </div>
      </div>
      <SessionCurve session={session} />
    </div>
  );
}

/** The best reward so far over the episodes, beside that of what runs. */
export function SessionCurve({ session }: { session: TrainingSession }) {
  const query = useApi("/api/sessions/{id}/progress", { path: { id: session.id } }, { refetchInterval: isAtWork(session) ? 2000 : false, staleTime: 1000 });
  const { progress } = session;
  const isTrain = isTraining(session);
  const words = wordsOf(session);
  // What was pushed since the curve was read is its end.
  const points = useMemo(() => {
    const read = query.data?.points ?? [];
    const has = (one: { best_reward: number | null; running_reward: number | null }) => one.best_reward !== null || (isTrain && one.running_reward !== null);
    const told = read.filter(has).map((point) => ({ episode: point.episode, best: point.best_reward, running: point.running_reward }));
    const last = told[told.length - 1];
    if (isAtWork(session) && has(progress) && (!last || progress.episode > last.episode))
      return [...told, { episode: progress.episode, best: progress.best_reward, running: progress.running_reward }];
    return told;
  }, [query.data, session, progress, isTrain]);
  const x = useMemo(() => points.map((point) => point.episode), [points]);
  const lines = useMemo(
    () => [
      { label: words.best, values: points.map((point) => point.best) },
      { label: isTrain ? words.newest : "What runs", values: points.map((point) => point.running), dashed: true },
    ],
    [points, isTrain, words],
  );
  if (points.length < 2) {
    return (
      <div className="curve-empty">
        <Text size="sm" c="dimmed">
          {isActive(session) ? `The curve of the best so far begins with the second ${session.kind === "clone" ? "epoch" : isTrain ? "rollout" : "episode"}.` : "It ended before there were two points to draw a curve through."}
        </Text>
      </div>
    );
  }
  const last = points[points.length - 1]!;
  const of = session.kind === "clone" ? "Share of right actions, most" : `${isTrain ? "Log growth on the validation part" : "Reward"} of the best`;
  const beside = session.kind === "clone" ? "the newest is" : session.kind === "ensemble" ? "the member at work has" : isTrain ? "an episode's mean reward is" : "what runs has";
  return (
    <LongSeries
      x={x}
      lines={lines}
      xKind="number"
      xLabel={words.units}
      height={210}
      write={(value) => written(session, value)}
      description={`${of} so far: ${written(session, last.best)} after ${words.unit} ${format.count(last.episode)}${
        last.running !== null ? `, ${beside} ${written(session, last.running)}` : ""
      }. Higher is better.`}
    />
  );
}
