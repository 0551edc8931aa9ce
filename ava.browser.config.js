// The tests that need a browser: npm run test:browser. Not part of npm test, which needs nothing but Node.
import main from './ava.config.js';

export default async () => ({ ...(await main()), files: ['test/browser/**/*.browser.ts'] });
