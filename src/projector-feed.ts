/** Under which name the projector keeps its place in the log. */
export const projectorFeed = 'projector'
