import { createGvisorDriver, GVISOR_TYPE } from './gvisor/driver.ts';
import { createKataDriver, KATA_TYPE } from './kata/driver.ts';
import type { DriverFactory } from './sandbox.ts';

/** Every driver there is, one line each, in order of preference. The fake one is for tests and never here. */
export const driverRegistry: readonly DriverFactory[] = [
  { type: GVISOR_TYPE, create: (context) => createGvisorDriver(context) },
  { type: KATA_TYPE, create: (context) => createKataDriver(context) },
];
