import { Fragment, useId } from 'react';
import type { ReactNode } from 'react';
import { armName } from '#domain/experiment.ts';
import { parameters, settingOf } from '#domain/parameters.ts';
import { armStyle } from '#ui/charts/palette.ts';
import { Swatch } from '#ui/parts/Swatch.tsx';
import { Toggle } from '#ui/parts/Toggle.tsx';
import { setupActions, useSetup } from '#ui/state/setupStore.ts';

const scaledOption = parameters.wsGain.options.find(({ value }) => value === 'scaled');

/** All six networks at once: normalization by Weight Standardization. Each cell shows the line it will draw. */
export function NormMatrix(): ReactNode {
  const id = useId();
  const norm = useSetup((state) => state.experiment.norm);
  const ws = useSetup((state) => state.experiment.ws);
  const wsGain = useSetup((state) => settingOf(state.experiment, 'wsGain'));
  const { set } = setupActions;
  const chosen = parameters.norm.options.find((option) => option.value === norm);
  return (
    <fieldset className="field norm-matrix" aria-describedby={`${id}-help`}>
      <legend className="field-label">Normalization × WS</legend>
      <div className="norm-grid">
        {[false, true].map((isStandardized) => (
          <Fragment key={String(isStandardized)}>
            <span className="norm-row" aria-hidden="true">
              {isStandardized ? 'with WS' : 'plain'}
            </span>
            {parameters.norm.options.map((option) => {
              const arm = { norm: option.value, ws: isStandardized };
              return (
                <label key={option.value} className="norm-cell" title={option.what}>
                  <input
                    type="radio"
                    name={id}
                    checked={norm === arm.norm && ws === arm.ws}
                    onChange={() => {
                      set('norm', arm.norm);
                      set('ws', arm.ws);
                      set('wsGain', 'unit');
                    }}
                  />
                  <span className="norm-name">{armName(arm)}</span>
                  <Swatch style={armStyle(arm)} width={42} />
                </label>
              );
            })}
          </Fragment>
        ))}
      </div>
      {ws && (norm === 'none' || wsGain === 'scaled') && (
        <div className="norm-gain" title={parameters.wsGain.source}>
          <Toggle
            label="Scaled WS"
            isOn={wsGain === 'scaled'}
            onChange={(isOn) => set('wsGain', isOn ? 'scaled' : 'unit')}
          />
          <span className="field-help">{scaledOption?.what}</span>
        </div>
      )}
      <p className="field-help" id={`${id}-help`}>
        {chosen?.what}{' '}
        {ws && wsGain === 'unit' && `${parameters.ws.label}: ${lowerFirst(parameters.ws.what)} `}
        {norm === 'none' && ws && 'The method is meant for networks with a normalization. '}
        <span className="field-source">Default: BN without WS. {parameters.norm.source}</span>
      </p>
    </fieldset>
  );
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
