import type { ButtonId, Form } from '../../src/conversation/card.ts';
import { AppError } from '../../src/errors.ts';
import { decodeButton, encodeButton, type PressedButton } from './render/buttons.ts';
import { renderForm } from './render/form.ts';

/** The window of a form. What was pressed stands in its custom id: it must survive a restart. */
export function formWindow(form: Form, pressed: PressedButton): ReturnType<typeof renderForm> {
  const customId = encodeButton(pressed);
  if (customId === null) throw new AppError('INTERNAL', `the form ${form.title} has no room for its button`);
  // The buttons of a window are called the same on all of them.
  const meaning = `Submit means "${form.submitLabel}". Cancel leaves all as it is.`;
  const shown = form.inputs.length === 0 ? { ...form, text: [...form.text, meaning] } : form;
  return renderForm(shown, customId);
}

/** What was pressed before the window opened; null for one that this version of Airlock did not open. */
export function pressedBefore(customId: string): PressedButton | null {
  return decodeButton(customId);
}

/** Buttons that may be answered with a form, which must be the first answer; approve only where it is critical. Stop asks whether it was meant. */
const MAY_OPEN: ReadonlySet<ButtonId> = new Set<ButtonId>(['run', 'deny', 'create', 'approve', 'stop']);

export function mayOpenForm(button: ButtonId): boolean {
  return MAY_OPEN.has(button);
}
