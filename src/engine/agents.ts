/** Definitions of agents, for the edges. */
export { type AgentDefinition, readAgentDefinition } from '../ingest/agents/definition.ts'
