import type { Answer } from '../../commands/answers.ts';
import type { Card } from '../card.ts';
import { agentsCard, stopAllCard } from './agents-card.ts';
import { approvalsCard } from './approvals-card.ts';
import { auditCard } from './audit-card.ts';
import { helpCard } from './help-card.ts';
import { logsCard } from './logs-card.ts';
import { menuCard } from './menu-card.ts';
import { runtimesCard } from './runtimes-card.ts';
import { statusCard } from './status-card.ts';

/** What a query found, as a card; one file a kind. */
export function answerCard(answer: Answer, outputCharacters: number): Card {
  switch (answer.kind) {
    case 'help':
      return helpCard(answer);
    case 'menu':
      return menuCard(answer);
    case 'agents':
      return agentsCard(answer);
    case 'status':
      return statusCard(answer);
    case 'logs':
      return logsCard(answer, outputCharacters);
    case 'approvals':
      return approvalsCard(answer);
    case 'audit':
      return auditCard(answer);
    case 'runtimes':
      return runtimesCard(answer);
    case 'stop-all':
      return stopAllCard(answer);
  }
}
