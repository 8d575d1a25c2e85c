import { useId } from 'react';
import type { ReactNode } from 'react';
import { parameters } from '#domain/parameters.ts';
import type { ChoiceParameter } from '#domain/parameters.ts';
import type { Experiment } from '#domain/experiment.ts';
import { Segmented } from '#ui/parts/Segmented.tsx';
import { setupActions, useSetup } from '#ui/state/setupStore.ts';
import { FieldHelp } from './FieldHelp.tsx';

type ChoiceName = 'width' | 'stemPadding' | 'optimizer' | 'schedule' | 'augmentation';

/** The field of a choice of the parameter table: one key per option, the chosen one explained. */
export function ChoiceField({ name, aside }: { name: ChoiceName; aside?: ReactNode }): ReactNode {
  const id = useId();
  const parameter: ChoiceParameter<Experiment[ChoiceName]> = parameters[name];
  const value = useSetup((state) => state.experiment[name]);
  const { set } = setupActions;
  const choose = (chosen: Experiment[ChoiceName]): void => set(name, chosen);
  const chosen = parameter.options.find((option) => option.value === value);
  const usual = parameter.options.find((option) => option.value === parameter.default);
  return (
    <div className="field">
      <Segmented
        label={parameter.label}
        options={parameter.options.map((option) => ({
          value: option.value,
          label: option.label,
          title: option.what,
        }))}
        value={value}
        onChange={choose}
        describedBy={`${id}-help`}
      />
      {aside}
      <FieldHelp
        id={`${id}-help`}
        what={chosen?.what ?? parameter.what}
        source={parameter.source}
        isDefault={value === parameter.default}
        defaultText={usual?.label ?? ''}
        onReset={() => choose(parameter.default)}
      />
    </div>
  );
}
