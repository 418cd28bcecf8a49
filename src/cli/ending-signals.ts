/** The signals by which somebody asks a program to end. */
export const endingSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
