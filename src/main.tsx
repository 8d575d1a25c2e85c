import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { TrainingClient } from '#client/trainingClient.ts';
import { startWorker } from '#client/workerPort.ts';
import { App } from '#ui/App.tsx';
import './ui/styles/tokens.css';
import './ui/styles/base.css';
import './ui/styles/layout.css';
import './ui/styles/controls.css';
import './ui/styles/charts.css';
import './ui/styles/panels.css';
import './ui/styles/study.css';
import './ui/styles/compare.css';
import './ui/styles/measure.css';
import './ui/styles/data.css';

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');
createRoot(root).render(
  <StrictMode>
    <App client={new TrainingClient(startWorker)} />
  </StrictMode>,
);
