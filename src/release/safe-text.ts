/** Text from containers and clusters, made safe for a terminal: nothing in it moves the cursor, changes colours or hides what follows. */

// Escape sequences (CSI, OSC, two-character ones), then whatever control characters are left, and marks that turn the direction of text.
const sequences = /\u001b\[[0-?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|\u001b[@-_]/g;
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Keeps line feeds and tabs, and drops every other control. */
export const safeText = (text: string): string => text.replace(sequences, "").replace(/\r\n?/g, "\n").replace(controls, "");
