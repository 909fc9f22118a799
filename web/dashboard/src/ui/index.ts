// Charts are not here: import them from "../ui/PriceChart" and "../ui/LongSeries", so that they load with their page.
export { ClockProvider, useClock } from "./clock";
export * as format from "./format";
export { FormDialog } from "./FormDialog";
export { Help } from "./Help";
export { Icon, type IconName } from "./icons";
export { KeyValue } from "./KeyValue";
export { Bps, Bytes, Count, Duration, Money, NumberText, Percent, Price, TimeText } from "./numbers";
export { PagedTable, type Column } from "./PagedTable";
export { PageFrame } from "./PageFrame";
export { Empty, Fault, Loading, Panel, Read, StaleNote } from "./panels";
export { Password } from "./Password";
export { ReasonDialog, reasonFault } from "./ReasonDialog";
export { StatusBadge, type Tone } from "./StatusBadge";
export { useAttempt } from "./useAttempt";
