let cpus: number | undefined;

/** Whether there is one CPU only, so that nothing runs beside this process. Asked of the system once. */
export function alone(): boolean {
  cpus ??= process.getBuiltinModule('node:os').availableParallelism();
  return cpus === 1;
}
