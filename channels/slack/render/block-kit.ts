/** Slack's own types of what is rendered, by the door of the one library that is installed by name. */
import type { types } from '@slack/bolt';

export type ActionsBlock = types.ActionsBlock;
export type Button = types.Button;
export type ConfirmationDialog = types.ConfirmationDialog;
export type HomeView = types.HomeView;
export type InputBlock = types.InputBlock;
export type KnownBlock = types.KnownBlock;
export type ModalView = types.ModalView;
export type PlainTextElement = types.PlainTextElement;
export type RichTextBlock = types.RichTextBlock;
export type RichTextBlockElement = types.RichTextBlockElement;
export type RichTextText = types.RichTextText;
