/** Definitions of agents, for the edges. */
export { type AgentDefinition, isAgentDefinition, readAgentDefinition } from '../ingest/agents/definition.ts'
