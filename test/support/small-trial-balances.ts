import { allProjections } from '#projections/all-projections.ts'
import type { Projection } from '#projections/projection.ts'
import { trialBalances, trialBalancesOf } from '#projections/trial-balances.ts'

/** Trial balances that close a run with every second posting, so that a short history has blocks of several levels. */
export const smallTrialBalances = trialBalancesOf(
  { postingsOfRun: 2, partsOfBlock: 2, sumsOfBlock: 3 },
  trialBalances.version,
)

/** Every read model, with these trial balances. */
export const allWithSmallTrialBalances: readonly Projection[] = allProjections.map((each) =>
  each === trialBalances ? smallTrialBalances : each,
)
